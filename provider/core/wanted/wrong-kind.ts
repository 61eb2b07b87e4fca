/** A value of another kind than the one that is wanted. YAML reads `101`, `on` and `1e3` as something else than a name. */

/** `form`: whether a text is wanted, or something else. */
export function instead(value: unknown, wanted: string, form: "text" | "other" = "text"): string {
  if (value === undefined || value === null) return `is missing: give ${wanted}`;
  const quotable = form === "text" && ["number", "boolean"].includes(typeof value);
  return `is ${kindOf(value)} here: ${quotable ? "put it in quotes" : `give ${wanted}`}`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  switch (typeof value) {
    case "number":
      return "a number";
    case "boolean":
      return "true or false";
    case "string":
      return "a text";
    default:
      return "a group of keys";
  }
}
