import { expect, it } from 'vitest';
import type { LoadEvent } from '../../ollama/load-event.js';
import { LoadProgress } from '../../ollama/load-progress.js';

function progress() {
  const events: LoadEvent[] = [];
  let clock = 1000;
  const one = new LoadProgress(
    'm',
    (event) => events.push(event),
    () => clock,
  );
  const after = (ms: number): LoadProgress => {
    clock += ms;
    return one;
  };
  return { events, after };
}

it('tells every status, one status five times a second, and its end', () => {
  const { events, after } = progress();
  after(0).bytes('uploading', 1, 10);
  after(60).bytes('uploading', 2, 10);
  after(60).bytes('uploading', 3, 10);
  after(100).bytes('uploading', 4, 10);
  after(1).bytes('uploading', 10, 10);
  after(1).bytes('creating');
  expect(events).toEqual([
    { type: 'progress', model: 'm', status: 'uploading', completed: 1, total: 10 },
    { type: 'progress', model: 'm', status: 'uploading', completed: 4, total: 10 },
    { type: 'progress', model: 'm', status: 'uploading', completed: 10, total: 10 },
    { type: 'progress', model: 'm', status: 'creating' },
  ]);
});

it('adds up the layers that Ollama counts one by one', () => {
  const { events, after } = progress();
  after(0).line({ status: 'pulling manifest' });
  after(0).line({ status: 'pulling aaaa', digest: 'sha256:a', total: 100 });
  after(300).line({ status: 'pulling aaaa', digest: 'sha256:a', total: 100, completed: 60 });
  after(300).line({ status: 'pulling bbbb', digest: 'sha256:b', total: 20, completed: 5 });
  after(300).line({ status: 'success' });
  expect(
    events.map((event) => (event.type === 'progress' ? [event.status, event.completed, event.total] : event)),
  ).toEqual([
    ['pulling manifest', undefined, undefined],
    ['pulling', 0, 100],
    ['pulling', 60, 100],
    ['pulling', 65, 120],
  ]);
});
