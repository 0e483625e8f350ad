// Writes file.gz and file.br beside every compressible file of a folder, where they are smaller.
// node compress.mjs FOLDER
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const COMPRESSIBLE = new Set(['.html', '.css', '.js', '.svg', '.txt', '.webmanifest']);

const ENCODERS = {
  '.gz': body => promisify(zlib.gzip)(body, { level: zlib.constants.Z_BEST_COMPRESSION }),
  '.br': promisify(zlib.brotliCompress), // its default is the best quality
};

async function compress(path) {
  const body = await readFile(path);
  for (const [suffix, encode] of Object.entries(ENCODERS)) {
    const smaller = await encode(body);
    if (smaller.length < body.length) {
      await writeFile(path + suffix, smaller);
    }
  }
}

const entries = await readdir(process.argv[2], { recursive: true });
await Promise.all(entries
  .filter(name => COMPRESSIBLE.has(extname(name)))
  .map(name => compress(join(process.argv[2], name))));
