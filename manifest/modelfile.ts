import type { ModelMessage } from './manifest.js';
import { readInstructions, type Instruction } from './modelfile-instruction.js';
import { parseParameter } from './modelfile-parameter.js';
import { modelfileGguf, modelfileSource } from './modelfile-source.js';
import type { RawModel } from './model-schema.js';
import { suggestion } from './suggestion.js';

/** What a Modelfile says, in the words of the manifest; paths are relative to its own directory. */
export interface Modelfile {
  readonly from: string | { readonly gguf: string };
  readonly adapters: readonly { readonly gguf: string }[];
  readonly system?: string;
  readonly template?: string;
  readonly renderer?: string;
  readonly parser?: string;
  readonly requires?: string;
  readonly license: readonly string[];
  readonly messages: readonly ModelMessage[];
  readonly parameters: RawModel['parameters'];
}

/** One thing the user should know about a Modelfile; `error` means that there is no model. */
export interface ModelfileProblem {
  readonly severity: 'error' | 'warning';
  /** 1-based. */
  readonly line: number;
  readonly message: string;
  readonly hint?: string;
}

/**
 * Reads a Modelfile with Ollama's grammar (parser/parser.go). Of a repeated text (SYSTEM, TEMPLATE …) the last one counts, as
 * there; the model is absent when a problem is an error.
 */
export function parseModelfile(text: string): {
  readonly modelfile?: Modelfile;
  readonly problems: readonly ModelfileProblem[];
} {
  const { instructions, unclosed } = readInstructions(text);
  const draft = new Draft();
  for (const instruction of instructions) draft.take(instruction);
  if (unclosed !== undefined) {
    draft.refuse(unclosed, 'the quote that opens here is never closed', 'end its last line with the same quote');
  } else if (!instructions.some(({ keyword }) => keyword === 'FROM')) {
    draft.refuse(1, 'there is no FROM', 'name the model, or the GGUF file, that it is made of');
  }
  return draft.finished();
}

const keywords = [
  ...(['FROM', 'PARAMETER', 'TEMPLATE', 'SYSTEM', 'ADAPTER', 'LICENSE', 'MESSAGE'] as const),
  ...(['RENDERER', 'PARSER', 'REQUIRES'] as const),
];
const roles = ['system', 'user', 'assistant'] as const;

type Text = 'system' | 'template' | 'renderer' | 'parser' | 'requires';

class Draft {
  readonly #problems: ModelfileProblem[] = [];
  readonly #adapters: { gguf: string }[] = [];
  readonly #license: string[] = [];
  readonly #messages: ModelMessage[] = [];
  readonly #parameters: Record<string, unknown> = {};
  readonly #texts: { -readonly [Key in Text]?: string } = {};
  #from: Modelfile['from'] | undefined;

  take(instruction: Instruction): void {
    const { keyword, value, line } = instruction;
    const known = keywords.find((one) => one === keyword);
    if (keyword === 'DRAFT') {
      const hint = 'take the line out, or push the finished model to a registry and name it as the source';
      this.refuse(line, `${keyword} is not supported by ollama-stacks`, hint);
    } else if (known === undefined) {
      const hint = suggestion(keyword, keywords) ?? `known are ${keywords.join(', ')}`;
      this.refuse(line, `unknown instruction ${JSON.stringify(keyword)}`, hint);
    } else if (value === '') this.refuse(line, `${keyword} has no value`, 'write one, or take the line out');
    else this.#takers[known](instruction);
  }

  readonly #takers: Readonly<Record<(typeof keywords)[number], (one: Instruction) => void>> = {
    FROM: (one) => this.#takeSource(one),
    ADAPTER: (one) => this.#takeAdapter(one),
    PARAMETER: (one) => this.#takeParameter(one),
    MESSAGE: (one) => this.#takeMessage(one),
    SYSTEM: ({ value }) => (this.#texts.system = value),
    TEMPLATE: ({ value }) => (this.#texts.template = value),
    RENDERER: ({ value }) => (this.#texts.renderer = value),
    PARSER: ({ value }) => (this.#texts.parser = value),
    REQUIRES: ({ value }) => (this.#texts.requires = value),
    LICENSE: ({ value }) => this.#license.push(value),
  };

  #takeSource({ value, line }: Instruction): void {
    const { source, fault } = modelfileSource(value);
    if (this.#from !== undefined) this.refuse(line, 'there is a second FROM', 'a model has one source; take one out');
    else if (source === undefined) this.refuse(line, fault.message, fault.hint);
    else this.#from = source;
  }

  #takeAdapter({ value, line }: Instruction): void {
    const { source, fault } = modelfileGguf(value, 'ADAPTER');
    if (this.#adapters.length > 0) this.refuse(line, 'there is a second ADAPTER', 'ollama takes a single adapter');
    else if (source === undefined) this.refuse(line, fault.message, fault.hint);
    else this.#adapters.push(source);
  }

  #takeParameter(one: Instruction): void {
    const parsed = parseParameter(one);
    if ('problem' in parsed) this.#problems.push(parsed.problem);
    else if (one.subject !== 'stop') this.#parameters[one.subject] = parsed.value;
    else this.#parameters['stop'] = [...((this.#parameters['stop'] as string[] | undefined) ?? []), parsed.value];
  }

  #takeMessage({ subject, value, line }: Instruction): void {
    const role = roles.find((one) => one === subject);
    if (role !== undefined) this.#messages.push({ role, content: value });
    else this.refuse(line, `MESSAGE has the role ${JSON.stringify(subject)}`, `write ${roles.join(', ')}`);
  }

  refuse(line: number, message: string, hint: string | undefined): void {
    this.#problems.push({ severity: 'error', line, message, ...(hint !== undefined && { hint }) });
  }

  finished(): ReturnType<typeof parseModelfile> {
    const problems = this.#problems;
    if (this.#from === undefined || problems.some(({ severity }) => severity === 'error')) return { problems };
    const modelfile: Modelfile = {
      from: this.#from,
      adapters: this.#adapters,
      ...this.#texts,
      license: this.#license,
      messages: this.#messages,
      // Every value has passed its own schema.
      parameters: this.#parameters,
    };
    return { modelfile, problems };
  }
}
