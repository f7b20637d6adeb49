import { expect, it } from 'vitest';
import { besideFile } from '../../manifest/relative-path.js';

it.each([
  ['./Modelfile', './x.gguf', './x.gguf'],
  ['Modelfile', 'x.gguf', './x.gguf'],
  ['./a/b/Modelfile', '../x.gguf', './a/x.gguf'],
  ['./a/Modelfile', '../../x.gguf', '../x.gguf'],
  ['../../a/Modelfile', '../x.gguf', '../../x.gguf'],
  ['/a/Modelfile', '../x.gguf', '/x.gguf'],
  ['./a/Modelfile', '/x.gguf', '/x.gguf'],
])('beside %s, %s is %s', (file, path, expected) => expect(besideFile(file, path)).toBe(expected));
