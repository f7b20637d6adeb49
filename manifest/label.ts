/** Label of everything we create on an engine; its value is the project. What lacks it is not ours and never touched. */
export const projectLabel = 'io.ollama-stacks.project';

/** Label of a container; its value is the server's name. */
export const serverLabel = 'io.ollama-stacks.server';
