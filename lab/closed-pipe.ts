/** Who reads our output may have all that he wants, as `… | head` has: that is no error. */
export function endWithReader(output: NodeJS.EventEmitter, end: () => void): void {
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    end();
  });
}
