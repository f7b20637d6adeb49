/** Exit codes of every verb; `wouldChange` is `plan`'s, `interrupted` the shell's own for Ctrl-C. */
export const exitCode = { fine: 0, failed: 1, usage: 2, wouldChange: 3, interrupted: 130 } as const;
