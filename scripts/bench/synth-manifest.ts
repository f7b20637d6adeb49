/** A manifest of `count` servers on one store, for timing `synth`. */
export function synthManifest(project: string, count: number): string {
  const servers = Array.from({ length: count }, (_, index) => `  server-${index}: { port: ${20_000 + index} }`);
  return ['version: 1', `project: ${project}`, 'servers:', ...servers, 'models: { "smollm2:135m": {} }', ''].join('\n');
}
