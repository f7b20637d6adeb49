import { expect, it } from 'vitest';
import { parseManifest } from '../../manifest/parse.js';
import { certificate } from './certificate.js';
import { report } from './base-manifest.js';

const files: Readonly<Record<string, string>> = {
  './ca.pem': `of our authority\n${certificate}`,
  './key.pem': `${certificate}-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n`,
  './der.cer': '0\u0082',
  './bundle.pem': certificate.repeat(200),
};
const readText = (path: string): string | undefined => files[path];

/** Registries in one line each; `a.example` is used by a model. */
const manifest = (keys: string, registry = ''): string =>
  `models: { m: { from: a.example/n/m } }\nregistries: { a.example: { ${registry} } }\n${keys}\n`;

const secret = 'hunter-2';

it.each<[name: string, keys: string, registry: string, lines: string[]]>([
  ['nothing to say', '', 'ca: ./ca.pem, token_env: T', []],
  ['basic authentication', '', 'username: u, password_env: P', []],
  ['clear text on this machine', 'mirror: 127.0.0.1:5000', 'insecure: true', []],
  [
    'plain http with a certificate',
    '',
    'insecure: true, ca: ./ca.pem',
    ['2:48 registries["a.example"].ca: plain http has no certificate; take out ca or insecure'],
  ],
  [
    'token and user name',
    '',
    'token_env: T, username: u, password_env: P',
    [
      '2:39 registries["a.example"].token_env: is a second way to sign in; take out token_env, or username and password_env',
    ],
  ],
  [
    'a user name alone',
    '',
    'username: u',
    [
      '2:38 registries["a.example"].username: "u" has no password; add password_env, the name of the variable that holds it',
    ],
  ],
  [
    'a password alone',
    '',
    'password_env: P',
    ['2:42 registries["a.example"].password_env: is the password of nobody; add username'],
  ],
  [
    'a secret for a name, which is not repeated',
    '',
    `token_env: ${secret}`,
    ['2:39 registries["a.example"].token_env: is no name of an environment variable; the secret itself stays there'],
  ],
  [
    'a value for a name, which is not repeated',
    '',
    'username: u, password_env: "${SECRET}"',
    [
      '2:55 registries["a.example"].password_env: takes the name of the variable, not its value: the value would end up in the state; write password_env: SECRET',
    ],
  ],
  [
    'credentials in clear text',
    '',
    'insecure: true, token_env: T',
    [
      '2:38 registries["a.example"].insecure: warning plain http sends the credentials readable to everybody on the way; use https, with ca where it is your own',
    ],
  ],
  [
    'no certificate file',
    '',
    'ca: ./none.pem',
    [
      '2:32 registries["a.example"].ca: cannot read ./none.pem, the certificate of registry "a.example"; create it, or name another file; paths are relative to the manifest',
    ],
  ],
  ...[
    ['./key.pem', 'holds a private key'],
    ['./der.cer', 'holds no certificate in PEM'],
    ['./bundle.pem', 'is larger than 64 KiB'],
  ].map(([file, reason]): [string, string, string, string[]] => [
    `a certificate file that ${reason}`,
    '',
    `ca: ${file}`,
    [
      `2:32 registries["a.example"].ca: ${file}, the certificate of registry "a.example", ${reason}; name the PEM file of the authority that signed the certificate of the registry`,
    ],
  ]),
  [
    'an unknown key',
    '',
    'insecur: true',
    ['2:28 registries["a.example"].insecur: unknown key; did you mean "insecure"?'],
  ],
  [
    'a mirror with a scheme',
    'mirror: https://b.example',
    '',
    ['3:9 mirror: the host "https://b.example" is a URL; write host or host:port'],
  ],
  [
    'the library as its own mirror',
    'mirror: Registry.Ollama.ai',
    '',
    [
      '3:9 mirror: Registry.Ollama.ai is the Ollama library itself; name the registry that stands in for it, or take the key out',
    ],
  ],
  [
    'patterns that nothing uses',
    'keep: [qwen3:*]',
    '',
    ['3:1 keep: warning has no effect, because nothing is pruned; add prune: true, or take the key out'],
  ],
  [
    'a pattern that no name can match',
    'prune: true\nkeep: ["*", a b]',
    '',
    [
      '4:13 keep[1]: the pattern "a b" has the model "a b"; allowed are letters, digits, "_", "-" and ".", first a letter, digit or "_"; "*" matches any text',
    ],
  ],
])('%s', (_, keys, registry, lines) => {
  const printed = report(manifest(keys, registry), { readText, env: { SECRET: secret } });
  expect(printed).toEqual(lines.map((line) => `models.yaml:${line}`));
  expect(printed.join()).not.toContain(secret);
});

it.each([
  ['http://b.example', 'the host "http://b.example" is a URL; write host or host:port'],
  ['b.example/team', 'the host "b.example/team" has a path; write host or host:port'],
  ['A.Example', 'this is the same registry as "a.example"'],
  ['b.example', 'warning no model comes from this registry, and it is not the mirror'],
])('the host %s', (host, line) => {
  const text = `models: { m: { from: a.example/n/m } }\nregistries:\n  a.example:\n  ${host}: {}\n`;
  expect(report(text)).toContain(`models.yaml:4:3 registries["${host}"]: ${line}`);
});

it('become part of the manifest, with certificates in place of their files', () => {
  const text = `registries:
  A.example:5000: { ca: ./ca.pem, username: u, password_env: P }
  hf.co: { token_env: HF_TOKEN }
  c.example:
models: { m: { from: [A.example:5000/n/m, hf.co/n/m, c.example/n/m] } }
mirror: A.example:5000
prune: true
keep: [team/*]
`;
  const { manifest: parsed, reads, diagnostics } = parseManifest(text, { env: {}, readText });
  expect(diagnostics).toEqual([]);
  expect(reads).toEqual(['./ca.pem']);
  expect(parsed).toMatchObject({ mirror: 'a.example:5000', prune: { keep: ['team/*'] } });
  expect(parsed?.registries).toEqual([
    { host: 'a.example:5000', insecure: false, ca: certificate, username: 'u', passwordEnv: 'P' },
    { host: 'hf.co', insecure: false, tokenEnv: 'HF_TOKEN' },
    { host: 'c.example', insecure: false },
  ]);
});
