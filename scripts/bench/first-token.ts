/** What every contender is asked once it listens; one token is enough. */
const request = { prompt: 'Why is the sky blue?', options: { num_predict: 1, temperature: 0, seed: 1 } };

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/version`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

/**
 * Polls the server every 20 ms until it answers, then streams a generation and returns when the first token has come.
 *
 * @param deadline milliseconds after which it gives up with an error
 */
export async function firstToken(url: string, model: string, deadline = 60_000): Promise<void> {
  const end = performance.now() + deadline;
  while (!(await answers(url))) {
    if (performance.now() > end) throw new Error(`${url} did not answer within ${deadline} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const response = await fetch(`${url}/api/generate`, { method: 'POST', body: JSON.stringify({ model, ...request }) });
  if (!response.ok || !response.body)
    throw new Error(`${url}/api/generate: ${response.status} ${await response.text()}`);
  for await (const chunk of response.body) {
    const line = JSON.parse(new TextDecoder().decode(chunk).split('\n')[0]!) as { error?: string };
    if (line.error) throw new Error(`${url}/api/generate: ${line.error}`);
    return;
  }
  throw new Error(`${url}/api/generate ended without a token`);
}
