import { expect, it } from 'vitest';
import { builtReference, imageSettings, importArguments } from '../../toolchain/built-image.js';

it('never takes the official name', () => {
  expect(builtReference('0.34.0')).toBe('ollama-stacks/ollama:0.34.0-cpu');
});

it('imports with the settings of the official image and a HOME', () => {
  const argv = importArguments('unix:///engine.sock', 'rootfs.tar', '0.34.0');
  expect(argv.slice(0, 4)).toEqual(['docker', '--host', 'unix:///engine.sock', 'import']);
  expect(argv.slice(-2)).toEqual(['rootfs.tar', 'ollama-stacks/ollama:0.34.0-cpu']);
  expect(argv.filter((argument) => argument === '--change')).toHaveLength(imageSettings.length);
  expect(argv).toEqual(
    expect.arrayContaining(['ENV HOME=/root', 'ENTRYPOINT ["/usr/bin/ollama"]', 'CMD ["serve"]', 'EXPOSE 11434']),
  );
});
