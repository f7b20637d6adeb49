#!/usr/bin/env node
// Plain JavaScript, because it runs before anything is installed: brings node_modules up to date, bundles the
// TypeScript when it changed, and hands over to the verb. ADR 0002 tells why there is a bundle.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const sourceFolders = ['bin', 'manifest', 'ollama', 'gateway', 'stacks', 'toolchain', 'scripts'];

/** True when the toolkit is a dependency of another repository, whose package manager then owns node_modules. */
const installedAsDependency = home.split(path.sep).includes('node_modules');

function fail(message) {
  process.stderr.write(`ollama-stacks: ${message}\n`);
  process.exit(1);
}

/** Runs `npm ci` when package-lock.json is not the one that node_modules was installed from. */
function ensureNodeModules() {
  if (installedAsDependency) return;
  const stamp = path.join(home, 'node_modules', '.ollama-stacks-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(path.join(home, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const start = performance.now();
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: home,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.error) fail(`cannot run npm (${result.error.message}); install npm, then run this again`);
  if (result.status !== 0) {
    fail(`npm ci failed, so nothing was done; mend its cause and run this again:\n${result.stderr || result.stdout}`);
  }
  writeFileSync(stamp, wanted);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stderr.write(
    `${'modules'.padEnd(11)}${'node_modules'.padEnd(27)}${'installed by npm ci'.padEnd(34)}${seconds} s\n`,
  );
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(file);
    else yield file;
  }
}

/** Changes when a source file, or anything that was installed, changes; stats only, so that it costs milliseconds. */
function buildId() {
  const hash = createHash('sha256').update(readFileSync(path.join(home, 'package.json')));
  for (const folder of sourceFolders) {
    for (const file of sources(path.join(home, folder))) {
      const { mtimeMs, size } = statSync(file);
      hash.update(`${path.relative(home, file)} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** Every verb is an entry point of one bundle with shared chunks, so that a verb loads only what it uses. */
async function bundle(folder) {
  const { build } = await import('esbuild');
  const verbs = readdirSync(path.join(home, 'scripts')).filter((name) => name.endsWith('.ts'));
  const entryPoints = Object.fromEntries(
    verbs.map((name) => [path.basename(name, '.ts'), path.join(home, 'scripts', name)]),
  );
  entryPoints.synth = path.join(home, 'stacks', 'main.ts');
  const temporary = `${folder}.${process.pid}`;
  await build({
    entryPoints,
    outdir: temporary,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outExtension: { '.js': '.mjs' },
    sourcemap: 'linked',
    logLevel: 'error',
    // Bundled CommonJS packages (cdktf) call require for Node's own modules.
    banner: {
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
    },
  });
  try {
    renameSync(temporary, folder);
  } catch (error) {
    // Another process finished the same bundle first.
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

/** Beside the installed modules, or the user's own cache when those belong to somebody else. */
function bundleCache() {
  try {
    accessSync(path.join(home, 'node_modules'), constants.W_OK);
    return path.join(home, 'node_modules', '.cache', 'ollama-stacks');
  } catch {
    return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'ollama-stacks', 'bundles');
  }
}

async function ensureBundle() {
  const cache = bundleCache();
  const id = buildId();
  const folder = path.join(cache, id);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    await bundle(folder);
    for (const old of readdirSync(cache)) {
      const stale = path.join(cache, old);
      // Running processes may still import chunks of a bundle that was current a moment ago.
      if (old !== id && Date.now() - statSync(stale).mtimeMs > 3_600_000)
        rmSync(stale, { recursive: true, force: true });
    }
  }
  return { id, folder };
}

/** What Terraform starts for us uses its parent's bundle: one run is one version, and looking for changes takes 10 ms. */
function inheritedBundle() {
  const { OLLAMA_STACKS_HOME: parentHome, OLLAMA_STACKS_BUILD: build } = process.env;
  if (parentHome !== home || !/^[0-9a-f]{16}$/.test(build ?? '')) return undefined;
  const inherited = path.join(bundleCache(), build);
  return existsSync(inherited) ? { id: build, folder: inherited } : undefined;
}

async function ownBundle() {
  ensureNodeModules();
  return ensureBundle();
}

const { id, folder } = inheritedBundle() ?? (await ownBundle());
process.env.OLLAMA_STACKS_HOME = home;
process.env.OLLAMA_STACKS_BUILD = id;
const [verb = '', ...argv] = process.argv.slice(2);
const entry = path.join(folder, `${path.basename(verb)}.mjs`);
if (!existsSync(entry)) {
  const verbs = readdirSync(folder)
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => path.basename(name, '.mjs'));
  process.stderr.write(`usage: ollama-stacks <verb> [flags]\nverbs: ${verbs.join(' ')}\n`);
  process.exit(verb === '--help' ? 0 : 2);
}
const { main } = await import(pathToFileURL(entry).href);
process.exitCode = await main(argv);
