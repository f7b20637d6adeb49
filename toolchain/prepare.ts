import type { Resolved, ResolvedPiece } from '../manifest/resolved.js';
import { prepareEngine } from './engine.js';
import { prepareImage, prepareOptionalImage, type ResolvedImage } from './image.js';
import { interrupted } from './command.js';
import { prepareProvider } from './provider.js';
import type { Reporter } from './reporter.js';
import { writeResolved } from './resolved.js';
import { findTerraform, prepareTerraform } from './terraform.js';
import { oneAtATime, openWorkshop, type Workshop } from './workshop.js';

export interface PrepareRequest {
  /** Declared image references. */
  readonly images: readonly string[];
  /** Declared images that a deployment can do without: where one is not to be had, that is told and recorded. */
  readonly optionalImages?: readonly string[];
  /** The project: `.toolchain/resolved.json` is written below it. */
  readonly cwd: string;
  readonly reporter: Reporter;
  /** Whether somebody can answer a question. */
  readonly interactive: boolean;
  /** Default: this process's own. `OLLAMA_STACKS_HOME` is the root of the toolkit. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Makes this machine able to deploy: finds, or else installs or builds, the engine, Terraform, the provider and the images,
 * several at a time, and records what it settled on. Ctrl-C ends what runs; what was finished is kept.
 * @throws ToolchainProblem saying what to do
 */
export async function prepare(request: PrepareRequest): Promise<Resolved> {
  const env = request.env ?? process.env;
  const controller = new AbortController();
  const stop = () => controller.abort(interrupted());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  try {
    const resolved = await preparePieces(request, workshopOf(request, env, controller.signal), controller);
    await writeResolved(request.cwd, resolved);
    return resolved;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  }
}

/** The surroundings of one run, for one piece that reports as `piece`. */
type WorkshopFor = (piece: string) => Workshop;

function workshopOf(
  { reporter, interactive }: PrepareRequest,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): WorkshopFor {
  const compile = oneAtATime();
  const confirm = interactive ? { confirm: (question: string) => reporter.confirm(question) } : {};
  return (piece) =>
    openWorkshop({ env, signal, compile, progress: (text) => reporter.progress(piece, text), ...confirm });
}

async function preparePieces(
  request: PrepareRequest,
  workshop: WorkshopFor,
  controller: AbortController,
): Promise<Resolved> {
  const timed = <T extends ResolvedPiece>(piece: string, work: (workshop: Workshop) => Promise<T>): Promise<T> =>
    report(request.reporter, piece, () => work(workshop(piece)));
  const engine = timed('engine', prepareEngine);
  const terraform = timed('terraform', prepareTerraform);
  // OpenTofu asks another registry; which of the two it will be is known long before one is built
  const provider = timed('provider', async (own) =>
    prepareProvider(own, (await findTerraform(own)) ?? { path: '', source: '', version: 'OpenTofu' }),
  );
  const image = engine.then(({ host }) =>
    prepareImages(request, (declared, work) => timed('image', (own) => work(own, host, declared))),
  );
  const all = [engine, terraform, provider, image] as const;
  // the first failure ends the others, and nothing goes on behind the error that is shown
  for (const piece of all) piece.catch((error: unknown) => controller.abort(error));
  await Promise.allSettled(all);
  controller.signal.throwIfAborted();
  return { engine: await engine, terraform: await terraform, provider: await provider, ...(await image) };
}

/** One image after another: each uses the whole network, or every core. */
async function prepareImages(
  { images, optionalImages = [] }: PrepareRequest,
  timed: <T extends ResolvedPiece>(
    declared: string,
    work: (workshop: Workshop, host: string, declared: string) => Promise<T>,
  ) => Promise<T>,
): Promise<Pick<Resolved, 'images' | 'leftOut'>> {
  const found: Record<string, ResolvedImage> = {};
  const leftOut: string[] = [];
  for (const declared of new Set(images)) found[declared] = await timed(declared, prepareImage);
  for (const declared of new Set(optionalImages)) {
    if (found[declared]) continue;
    const image = await timed(declared, prepareOptionalImage);
    if (image.reference === undefined) leftOut.push(declared);
    else found[declared] = { ...image, reference: image.reference };
  }
  return { images: found, ...(leftOut.length > 0 && { leftOut }) };
}

async function report<T extends ResolvedPiece>(reporter: Reporter, piece: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  reporter.start(piece);
  const result = await work();
  reporter.done(piece, result, performance.now() - begin);
  return result;
}
