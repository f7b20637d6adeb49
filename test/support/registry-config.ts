import path from 'node:path';
import type { TestCertificate } from './test-certificate.js';

/**
 * A name and a password are basic authentication; a token is a bearer token that is just compared, as hf.co does with a
 * user's. All three: `/token` gives the token to who has the password (the Docker registry's token authentication).
 */
export type RegistryAuth =
  | { readonly username: string; readonly password: string; readonly token?: string }
  | { readonly token: string };

/** What the two programs behind a model registry are configured from. */
export interface RegistryConfig {
  readonly folder: string;
  /** Where the front and the files listen. */
  readonly address: string;
  readonly ports: {
    /** What clients are told. */
    readonly front: number;
    /** docker-registry itself, by plain http and without credentials. */
    readonly back: number;
    readonly files: number;
    /** Answers once everything answered before is in the access log; there is one worker, so it comes last. */
    readonly log: number;
    /** What clients are sent to for files: `files`, or a proxy before it. */
    readonly redirect: number;
  };
  readonly certificate?: TestCertificate;
  readonly auth?: RegistryAuth;
  readonly bytesPerSecond?: number;
}

export const storageOf = (folder: string): string => path.join(folder, 'storage');
export const accessLogOf = (folder: string): string => path.join(folder, 'access.log');

/**
 * docker-registry (distribution 2.8), which answers a GET of a blob with a redirect: Ollama follows only one to another
 * host name (its server/download.go), so the registry is 127.0.0.1 and the files are on localhost. Of another address the
 * other name is the one it has in IPv6 (RFC 4291, 2.5.5.2), which needs no resolver.
 */
export function distributionConfig({ folder, address, ports, certificate }: RegistryConfig): string {
  const scheme = certificate ? 'https' : 'http';
  const filesHost = address === '127.0.0.1' ? 'localhost' : `[::ffff:${address}]`;
  const redirect = { name: 'redirect', options: { baseurl: `${scheme}://${filesHost}:${ports.redirect}/` } };
  return JSON.stringify({
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storageOf(folder) }, maintenance: { uploadpurging: { enabled: false } } },
    http: { addr: `127.0.0.1:${ports.back}` },
    middleware: { storage: [redirect] },
  });
}

/** nginx: before the registry for TLS, credentials and the access log, and as the server of files. */
export function nginxConfig(config: RegistryConfig): string {
  const { folder, address, ports, certificate, bytesPerSecond } = config;
  const tls = certificate ? `ssl_certificate ${certificate.certificate}; ssl_certificate_key ${certificate.key};` : '';
  const listen = (port: number): string => `listen ${address}:${port}${certificate ? ' ssl' : ''};`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (of) => `${of}_temp_path ${folder}/${of};`,
  );
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log stderr warn;
events { worker_connections 1024; }
http {
  ${temporary.join(' ')}
  sendfile on; client_max_body_size 0; ${tls}
  log_format json escape=json '{"at":"$server_name","method":"$request_method","path":"$request_uri","status":$status,'
    '"bytes":$body_bytes_sent,"range":"$http_range","agent":"$http_user_agent","authorized":"$http_authorization"}';
  access_log ${accessLogOf(folder)} json;
  server { listen 127.0.0.1:${ports.log}; access_log off; return 204; }
  server {
    ${listen(ports.front)} server_name registry;
    ${tokenEndpoint(config)}
    location / {
      ${authorization(config)}
      proxy_pass http://127.0.0.1:${ports.back}; proxy_http_version 1.1; proxy_request_buffering off;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Authorization "";
    }
  }
  server {
    ${listen(ports.files)} server_name files; root ${storageOf(folder)};
    ${bytesPerSecond === undefined ? '' : `limit_rate ${bytesPerSecond};`}
  }
}
`;
}

function authorization({ address, ports, auth, certificate }: RegistryConfig): string {
  if (auth === undefined) return '';
  if (auth.token === undefined) return basic;
  const realm = `${certificate ? 'https' : 'http'}://${address}:${ports.front}/token`;
  return `
      if ($http_authorization != "Bearer ${auth.token}") {
        add_header WWW-Authenticate 'Bearer realm="${realm}",service="models"' always;
        return 401 '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}';
      }`;
}

const basic = 'auth_basic "models"; auth_basic_user_file htpasswd;';

/** nginx answers `return` before it asks for a password, so the token is a file. */
function tokenEndpoint({ folder, auth }: RegistryConfig): string {
  if (auth === undefined || !('username' in auth) || auth.token === undefined) return '';
  return `location = /token { ${basic} default_type application/json; alias ${folder}/token.json; }`;
}
