/** A path that is written in `file`, as seen from where `file` is named: `./a/Modelfile` and `../x.gguf` are `./x.gguf`. */
export function besideFile(file: string, path: string): string {
  if (path.startsWith('/')) return path;
  const steps: string[] = [];
  for (const step of [...file.split('/').slice(0, -1), ...path.split('/')]) {
    if (step === '.' || (step === '' && steps.length > 0)) continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..' && steps.at(-1) !== '') steps.pop();
    else steps.push(step);
  }
  const joined = steps.join('/');
  return joined.startsWith('/') || joined.startsWith('../') ? joined : `./${joined}`;
}
