/**
 * Who is on which side of an experiment, as the server decides it. Golden vectors: tests/vectors/bucketing.json.
 *
 * The hash is MurmurHash3 x86 32 (Appleby 2011) of the UTF-8 bytes of `salt:unit` with seed 0.
 */

const RANGE = 4294967296;
const ENCODER = new TextEncoder();

/** Return the hash of a text, 0 to 2**32 - 1. */
export function hashOf(text) {
  const bytes = ENCODER.encode(text);
  const blocks = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < blocks; at += 4) {
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    hash ^= scramble(word);
    hash = (Math.imul(rotate(hash, 13), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= blocks; at -= 1) rest = (rest << 8) | bytes[at];
  if (bytes.length > blocks) hash ^= scramble(rest);
  return finish(hash ^ bytes.length);
}

/** Return where the unit lies in [0, 1) under this salt. */
export function shareOf(salt, unit) {
  return hashOf(`${salt}:${unit}`) / RANGE;
}

/** Return the upper end of each variant's part of [0, 1). */
export function toBounds(weights) {
  const sums = [];
  weights.reduce((sum, weight) => (sums.push(sum + weight), sum + weight), 0);
  const total = sums[sums.length - 1];
  if (!(total > 0) || weights.some((weight) => weight < 0)) {
    throw new RangeError("weights must not be negative, and one must be above 0");
  }
  return sums.map((sum, at) => (at === sums.length - 1 ? 1 : sum / total));
}

/**
 * Return the number of the unit's variant, or null where it does not take part.
 *
 * experiment: { salt, layerSalt, part: [from, until], ramp, weights }
 */
export function variantOf(experiment, unit) {
  const place = shareOf(experiment.layerSalt, unit);
  if (place < experiment.part[0] || place >= experiment.part[1]) return null;
  if (shareOf(`${experiment.salt}/ramp`, unit) >= experiment.ramp) return null;
  const share = shareOf(experiment.salt, unit);
  return toBounds(experiment.weights).findIndex((bound) => share < bound);
}

function scramble(word) {
  return Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function rotate(word, by) {
  return (word << by) | (word >>> (32 - by));
}

function finish(hash) {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
