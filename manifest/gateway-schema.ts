import * as z from 'zod';
import { isIpv4, isIpv6 } from './ip-address.js';
import { parseBytes, parseDuration } from './units.js';

const port = z.int().min(1).max(65_535);

const mebibyte = 2 ** 20;
const mostBody = 64 * mebibyte;
const bodyRule = 'must be a size from 64 KiB to 64 MiB, such as 8MiB';
const fits = (bytes: number | undefined): boolean => bytes !== undefined && bytes >= 2 ** 16 && bytes <= mostBody;

const longestDrain = 24 * 3600e3;
const drainRule = 'must be a duration from 0 to 24h, such as 5m or 90s, or seconds';
const drains = (milliseconds: number | undefined): boolean =>
  milliseconds !== undefined && milliseconds >= 0 && milliseconds <= longestDrain;

const tlsFiles = z.strictObject({
  certificate: z
    .string()
    .min(1)
    .describe('PEM file with the certificate and those it was signed by, without the key; relative to the manifest.'),
  key: z.string().min(1).describe('PEM file with the private key, which no state, plan or log gets to see.'),
});

/** The gateway as the user writes it. */
export const gatewaySchema = z.strictObject({
  image: z.string().default('haproxy:2.6').describe('Image of HAProxy, 2.6 or later, by tag or digest.'),
  address: z
    .string()
    .refine((text) => isIpv4(text) || isIpv6(text), 'must be an IPv4 or IPv6 address of this machine')
    .default('127.0.0.1')
    .describe('Address of this machine that it listens on; `0.0.0.0` or `::` for every one.'),
  port: port.default(11_443).describe('Port of this machine.'),
  tls: z
    .union([z.enum(['local', 'none']), tlsFiles])
    .default('local')
    .describe(
      '`local`: a certificate of an authority of its own; `none`: plain HTTP, on a loopback address only; or files.',
    ),
  names: z
    .array(z.string())
    .default([])
    .describe('Further DNS names and addresses that the local certificate is for (`ollama.team.example`).'),
  max_body: z
    .union([z.int().refine(fits, bodyRule), z.string().refine((text) => fits(parseBytes(text)), bodyRule)])
    .default('8MiB')
    .describe('Largest body of a request; it is held in memory while its model is looked for.'),
  max_queue: z
    .int()
    .min(1)
    .default(512)
    .describe('Most requests that wait for the servers of a model, before more are told to come back later.'),
  drain: z
    .union([
      z.int().refine((seconds) => drains(seconds * 1000), drainRule),
      z.string().refine((text) => drains(parseDuration(text)), drainRule),
    ])
    .default('5m')
    .describe('How long requests in flight may take to end when their server is replaced.'),
  metrics_port: port.default(9464).describe('Port on 127.0.0.1 that serves the metrics, without a key.'),
});

export type RawGateway = z.output<typeof gatewaySchema>;
