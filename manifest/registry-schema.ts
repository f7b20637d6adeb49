import * as z from 'zod';

/** One registry as the user writes it. */
export const registrySchema = z.strictObject({
  insecure: z.boolean().default(false).describe('Plain http instead of https.'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file with the certificate of its authority, relative to the manifest; servers and loader trust it.'),
  token_env: z
    .string()
    .optional()
    .describe('Name of the environment variable that holds a bearer token (`HF_TOKEN`), never the token.'),
  username: z.string().min(1).optional().describe('User name for basic authentication; goes with `password_env`.'),
  password_env: z
    .string()
    .optional()
    .describe('Name of the environment variable that holds the password, never the password.'),
});

export type RawRegistry = z.output<typeof registrySchema>;
