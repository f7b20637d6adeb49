#!/usr/bin/env node
// A stand-in for bin/ollama-stacks.mjs: the verbs that Terraform runs, as far as the order of things needs them. It
// writes down when each began and ended and which containers of the project were running then, and fails on demand.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [verb, ...args] = process.argv.slice(2);
const home = path.dirname(path.dirname(process.argv[1]));
const project = path.basename(process.cwd());
const label = `io.ollama-stacks.project=${project}`;
const docker = (...argv) =>
  execFileSync('docker', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

const running = () => docker('ps', '--filter', `label=${label}`, '--format', '{{.Names}}').split('\n').filter(Boolean);
const note = (at) => {
  const names = JSON.parse(process.env.OLLAMA_STACKS_CONTAINERS ?? 'null');
  appendFileSync(path.join(home, 'log.ndjson'), `${JSON.stringify({ verb, at, args, names, running: running() })}\n`);
};

const helper = (volume, script) =>
  docker(
    'run',
    '--rm',
    '--network',
    'none',
    '-v',
    `${volume}:/gateway`,
    '--entrypoint',
    'sh',
    readPlan().image,
    '-c',
    script,
  );
const readPlan = () => JSON.parse(readFileSync('gateway.json', 'utf8'));
const configuration = `
global
  stats socket ipv4@127.0.0.1:9998 level admin
defaults
  mode http
  timeout connect 2s
  timeout client 2s
  timeout server 2s
frontend door
  bind :11443
  http-request return status 200 content-type text/plain string open
`;

const write = (file, text) => `cat > ${file} <<'END'\n${text}\nEND`;

const verbs = {
  'ensure-network': ([name]) => {
    if (docker('network', 'ls', '-q', '--filter', `name=^${name}$`) === '')
      docker('network', 'create', '--label', label, name);
  },
  'ensure-store': ([, volume]) => docker('volume', 'create', '--label', label, volume),
  'ensure-gateway': () => {
    const { volume } = readPlan();
    docker('volume', 'create', '--label', label, volume);
    const observed = 'scrape_configs: []';
    helper(
      volume,
      [
        'mkdir -p /gateway/current /gateway/observe',
        write('/gateway/current/haproxy.cfg', configuration),
        write('/gateway/observe/prometheus.yml', observed),
      ].join('\n'),
    );
  },
  load: () => {},
  rollout: () => {},
  'make-room': ([owner, server]) => {
    const ids = docker(
      'ps',
      '-q',
      '--filter',
      `label=io.ollama-stacks.project=${owner}`,
      '--filter',
      `label=io.ollama-stacks.server=${server}`,
    );
    if (ids !== '') docker('stop', '--time', '1', ...ids.split('\n'));
  },
};

note('begin');
verbs[verb](args);
const failing = path.join(home, 'fail');
if (existsSync(failing) && readFileSync(failing, 'utf8') === verb) {
  process.stderr.write(`${verb} fails because the test says so\n`);
  process.exitCode = 1;
} else note('end');
