import * as z from 'zod';

const port = z.int().min(1).max(65_535);

/** Prometheus's own durations, the largest unit first (https://prometheus.io/docs/concepts/data_model, `model.ParseDuration`). */
const retention = /^(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?$/;

export const prometheusSchema = z.strictObject({
  image: z.string().default('prom/prometheus:v2.53.5').describe('Image of Prometheus, by tag or digest.'),
  port: port.default(9090).describe('Port on 127.0.0.1.'),
  retention: z
    .string()
    .regex(retention, 'must be a duration of Prometheus, such as 15d or 12h')
    .default('15d')
    .describe('How long measurements are kept.'),
});

export const grafanaSchema = z.strictObject({
  image: z.string().default('grafana/grafana:11.6.1').describe('Image of Grafana, by tag or digest.'),
  port: port.default(3000).describe('Port on 127.0.0.1.'),
});

/** What watches the gateway, as the user writes it. */
export const observabilitySchema = z.union([
  z.boolean(),
  z.strictObject({
    prometheus: prometheusSchema.optional().describe('Prometheus with the alerts of this project.'),
    grafana: grafanaSchema.optional().describe('Grafana with a dashboard, where its image can be had.'),
  }),
]);

export type RawObservability = z.output<typeof observabilitySchema>;
