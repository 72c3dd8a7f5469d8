// The table of hosts in the package's README.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const README = fileURLToPath(new URL("../../README.md", import.meta.url));

/** The table between its marks, which a page of the README does not show. */
const TABLE = /(?<=<!-- matrix: begin -->\n).*(?=<!-- matrix: end -->)/s;

/** The README's table of the rows; `seen` has what each row's run returned, by host. */
export function tableOf(rows, seen) {
  const lines = rows.map(({ host, note = "none" }) => `| ${host} | ${seen.get(host)} | ${note} |\n`);
  return `| installed from npm in | tested with | setting |\n|---|---|---|\n${lines.join("")}`;
}

export async function tableInReadme() {
  return (await readFile(README, "utf8")).match(TABLE)?.[0];
}

export async function writeTable(table) {
  const readme = await readFile(README, "utf8");
  await writeFile(README, readme.replace(TABLE, () => table));
}
