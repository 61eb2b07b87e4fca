/** undefined or a Date in what a provider returns loses the state after the work was done ("Unexpected struct type."). */
export function toState(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}
