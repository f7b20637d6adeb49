import type { AccessKey } from '../../manifest/access-key.js';
import { dateText } from '../../gateway/certificate.js';
import { table } from '../report/table.js';

/** What may be told of a key: everything but hashes. */
export function publicKeyFacts({ name, created, models, requestsPerMinute, concurrency, retiring }: AccessKey): object {
  return { name, created, models, requestsPerMinute, concurrency, retiringUntil: retiring?.until };
}

/** The keys for a person. */
export function keyTable(keys: readonly AccessKey[]): string {
  if (keys.length === 0) return 'no keys: the gateway opens for nobody; `npm run keys -- add NAME` makes the first\n';
  return table(
    ['name', 'created', 'models', 'a minute', 'at once', 'old key until'],
    keys.map(({ name, created, models, requestsPerMinute, concurrency, retiring }) => [
      name,
      dateText(new Date(created)),
      models?.join(', ') ?? 'all',
      String(requestsPerMinute ?? '-'),
      String(concurrency ?? '-'),
      retiring ? dateText(new Date(retiring.until)) : '-',
    ]),
  );
}
