import { openWorkshop } from '../../toolchain/workshop.js';
import { prepareImage, type ResolvedImage } from '../../toolchain/image.js';
import { repository } from './project.js';

/** Opened before a test can give itself a cache of its own by the environment. */
const workshop = openWorkshop({ home: repository });
const engine = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';

/**
 * What a declared image (`haproxy:2.6`) is on this machine, brought into the engine as set-up does. Made of Debian's
 * packages, the first call takes half a minute; several test processes may ask at once.
 */
export function preparedImage(declared: string): Promise<ResolvedImage> {
  return prepareImage(workshop, engine, declared);
}
