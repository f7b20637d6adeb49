/** What clients are told to trust. */
export interface Trusted {
  /** The certificate of the authority. */
  readonly file: string;
  /** Of the gateway. */
  readonly url: string;
  readonly project: string;
  readonly fingerprint: string;
}

/** How clients and systems come to trust the authority of a project. */
export function trustText({ file, url, project, fingerprint }: Trusted): string {
  const name = `ollama-stacks-${project}`;
  const ways: readonly (readonly [string, string])[] = [
    ['curl', `curl --cacert ${file} -H "Authorization: Bearer $OLLAMA_API_KEY" ${url}/api/tags`],
    ['Node', `NODE_EXTRA_CA_CERTS=${file} node app.js`],
    ['Python', `SSL_CERT_FILE=${file} python app.py        # httpx, openai, ollama, anthropic`],
    ['', `REQUESTS_CA_BUNDLE=${file} python app.py   # requests`],
    ['Debian', `sudo cp ${file} /usr/local/share/ca-certificates/${name}.crt && sudo update-ca-certificates`],
    ['Fedora', `sudo cp ${file} /etc/pki/ca-trust/source/anchors/${name}.pem && sudo update-ca-trust`],
    ['macOS', `sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${file}`],
    ['Windows', `certutil -addstore -f Root ${file}          # as administrator`],
  ];
  const lines = ways.map(([label, command]) => `${label.padEnd(9)}  ${command}`);
  return `${[
    `Trust is for this authority only, whose SHA-256 is`,
    `  ${fingerprint}`,
    'Compare it where you install it. One client, or the whole system:',
    '',
    ...lines,
  ].join('\n')}\n`;
}
