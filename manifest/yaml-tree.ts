import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type LineCounter,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';
import type { Finding, PathSegment } from './diagnostics.js';

/** A YAML value whose every part still knows its offset in the text. */
export type Tree = ScalarTree | MapTree | ListTree;

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly offset: number;
  readonly value: unknown;
  /** A `${VAR}` was replaced in it, so that its text may also be read as a number or boolean. */
  readonly interpolated?: boolean;
}

export interface MapTree {
  readonly kind: 'map';
  readonly offset: number;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  readonly keyOffset: number;
  readonly tree: Tree;
}

interface ListTree {
  readonly kind: 'list';
  readonly offset: number;
  readonly items: readonly Tree[];
}

/** More nodes than this out of aliases are an attack, or a manifest that nobody can review. */
const mostAliasedNodes = 10_000;
const deepest = 100;
const tooDeep = `is nested deeper than ${deepest} levels`;

/** Reads one YAML document; the tree is absent when the text has no value, or does not parse (see `findings`). */
export function readYamlTree(text: string, lineCounter: LineCounter): { tree?: Tree; findings: readonly Finding[] } {
  // The library finds duplicate keys in quadratic time; the reader below finds them itself.
  const document = parseDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) return { findings: problems.map((problem) => fromLibrary(problem, text)) };
  const reader = new TreeReader(document);
  const tree = document.contents === null ? undefined : reader.read(document.contents, []);
  return { tree: isNothing(tree) ? undefined : tree, findings: reader.findings };
}

function isNothing(tree: Tree | undefined): boolean {
  return tree?.kind === 'scalar' && tree.value === null;
}

function fromLibrary(problem: YAMLError, text: string): Finding {
  const start = text.lastIndexOf('\n', problem.pos[0] - 1) + 1;
  const [line = ''] = text.slice(start).split('\n', 1);
  const message =
    problem.code === 'RESOURCE_EXHAUSTION'
      ? tooDeep
      : problem.message.charAt(0).toLowerCase() + problem.message.slice(1);
  const hint = /\{.*\$\{/.test(line) ? 'inside { } and [ ], put "${…}" in quotes' : undefined;
  return { ...syntaxError(problem.pos[0], message), hint };
}

function syntaxError(offset: number, message: string): Finding {
  return { severity: 'error', code: 'yaml', path: [], message, offset };
}

class TreeReader {
  readonly findings: Finding[] = [];
  readonly #document: Document.Parsed;
  readonly #open = new Set<Node>();
  #aliasDepth = 0;
  #aliasedNodes = 0;

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  read(node: Node, path: readonly PathSegment[]): Tree {
    const offset = node.range?.[0] ?? 0;
    if (this.#aliasDepth > 0 && ++this.#aliasedNodes > mostAliasedNodes) return this.#exploded(offset, path);
    if (path.length > deepest) return this.#refuse(path, 'yaml', tooDeep, offset);
    if (isAlias(node)) return this.#alias(node.resolve(this.#document), node.source, offset, path);
    this.#open.add(node);
    const tree = this.#collection(node, offset, path);
    this.#open.delete(node);
    return tree;
  }

  #collection(node: Node, offset: number, path: readonly PathSegment[]): Tree {
    if (isMap(node)) return { kind: 'map', offset, entries: this.#entries(node.items, path) };
    if (isSeq(node)) {
      return {
        kind: 'list',
        offset,
        items: node.items.map((item, index) => this.#value(item, offset, [...path, index])),
      };
    }
    return { kind: 'scalar', offset, value: isScalar(node) ? node.value : null };
  }

  #entries(pairs: readonly Pair[], path: readonly PathSegment[]): Map<string, MapEntry> {
    const merged = new Map<string, MapEntry>();
    const entries = new Map<string, MapEntry>();
    for (const { key, value } of pairs) {
      const keyOffset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      if (!isScalar(key) || key.value === null || key.value === '__proto__') {
        this.#refuse(path, 'yaml-key', 'has a key that is no text', keyOffset);
        continue;
      }
      if (key.value === '<<' && isNode(value)) {
        this.#merge(merged, this.read(value, path), path, keyOffset);
        continue;
      }
      const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
      if (entries.has(name)) this.#refuse([...path, name], 'duplicate-key', 'this key is here twice', keyOffset);
      const tree = this.#value(value, keyOffset, [...path, name]);
      entries.set(name, { keyOffset, tree });
    }
    return merged.size === 0 ? entries : new Map([...merged, ...entries]);
  }

  #value(node: unknown, offset: number, path: readonly PathSegment[]): Tree {
    return isNode(node) ? this.read(node, path) : nothing(offset);
  }

  #merge(into: Map<string, MapEntry>, source: Tree, path: readonly PathSegment[], offset: number): void {
    // Of several sources the first wins (yaml.org/type/merge).
    const sources = source.kind === 'list' ? source.items : [source];
    for (const one of sources) {
      if (one.kind !== 'map') this.#refuse(path, 'yaml', '"<<" takes a map or a list of maps', offset);
      else for (const [key, entry] of one.entries) if (!into.has(key)) into.set(key, entry);
    }
  }

  #alias(target: Node | undefined, name: string, offset: number, path: readonly PathSegment[]): Tree {
    if (target === undefined) return this.#refuse(path, 'yaml', `the alias *${name} has no anchor before it`, offset);
    if (this.#open.has(target)) return this.#refuse(path, 'yaml', `the alias *${name} contains itself`, offset);
    this.#aliasDepth++;
    const tree = this.read(target, path);
    this.#aliasDepth--;
    return tree;
  }

  #exploded(offset: number, path: readonly PathSegment[]): Tree {
    if (this.#aliasedNodes > mostAliasedNodes + 1) return nothing(offset);
    return this.#refuse(
      path.slice(0, 1),
      'yaml-aliases',
      `aliases expand to more than ${mostAliasedNodes} values`,
      offset,
    );
  }

  #refuse(path: readonly PathSegment[], code: string, message: string, offset: number): Tree {
    this.findings.push({ severity: 'error', code, path, message, offset });
    return nothing(offset);
  }
}

function nothing(offset: number): ScalarTree {
  return { kind: 'scalar', offset, value: null };
}
