// Fails when the shell's Wasm is over budget, in the bytes a browser downloads (brotli).
// Pages split off as lazy routes are printed but have no budget. Usage: node scripts/wasm-size.mjs SITE_FOLDER
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

// The texts of all pages lie in the shell: what splits the pages off leaves data where it is. That is about a kilobyte a
// page; the code that every visitor needs first is two thirds of it and has not grown.
const budget = 373 * 1024
const pkg = join(process.argv[2], 'pkg')
const size = (name) => brotliCompressSync(readFileSync(join(pkg, name))).length
const modules = readdirSync(pkg).filter((name) => name.endsWith('.wasm'))
const shell = modules.filter((name) => /^millrace\./.test(name))

if (shell.length !== 1) {
  console.error(`expected one millrace.*.wasm in ${pkg}, found: ${modules.join(', ') || 'none'}`)
  process.exit(1)
}
for (const name of modules.filter((name) => name !== shell[0])) console.log(`${size(name)} bytes  ${name}`)
const bytes = size(shell[0])
console.log(`${bytes} bytes  ${shell[0]} (shell; budget ${budget}, ${Math.round((bytes / budget) * 100)} %)`)
process.exit(bytes <= budget ? 0 : 1)
