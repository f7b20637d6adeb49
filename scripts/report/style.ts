import picocolors from 'picocolors';

/** Colours for a person: none when NO_COLOR is set or neither stdout nor stderr is a terminal. */
export const style = picocolors.createColors(
  !process.env.NO_COLOR && (process.stdout.isTTY || process.env.FORCE_COLOR !== undefined),
);
