// Prints what Logseq's own parser sees in Markdown pages.
//
//   MLDOC=.../package/index.js node view.mjs < pages.json > views.json
//
// pages.json is a list of texts; views.json has one view a text, or null where the parser gave up.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Mldoc } = createRequire(import.meta.url)(process.env.MLDOC);
const SETTINGS = JSON.stringify({ toc: false, heading_number: false, keep_line_break: true, format: "Markdown" });
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const sorted = (names) => [...names].sort();
const folded = (key) => key.toLowerCase().replaceAll("_", "-");
const stated = (drawer) => drawer[1].map(([key, value]) => [folded(key), value]);

// The text of a tag: plain words and links in any order.
function tagName(parts) {
  return parts.map(([kind, value]) =>
    kind === "Plain" ? value : kind === "Link" ? value.full_text : kind === "Nested_link" ? value.content : "").join("");
}

const unbracketed = (name) => /^\[\[[^]*\]\]$/.test(name) ? name.slice(2, -2) : name;

// Adds to `pages` and `uuids` what a node of the tree refers to.
function collect(node, pages, uuids) {
  if (!Array.isArray(node)) {
    if (node && typeof node === "object") for (const value of Object.values(node)) collect(value, pages, uuids);
    return;
  }
  const [kind, value] = node;
  if (["Src", "Example", "Raw_Html", "Comment", "Code", "Verbatim", "Plain", "Directive", "Drawer"].includes(kind)
      && !Array.isArray(kind)) return;
  if (kind === "Property_Drawer") return value.forEach(([, , found]) => collect(found, pages, uuids));
  if (kind === "Link") {
    const [type, target] = value.url;
    if (type === "Page_ref") pages.add(target);
    if (type === "Block_ref" && UUID.test(target)) uuids.add(target);
    return collect(value.label, pages, uuids);
  }
  if (kind === "Nested_link") pages.add(value.content.slice(2, -2));
  if (kind === "Tag") pages.add(unbracketed(tagName(value)));
  if (kind === "Block_reference" && UUID.test(value)) return void uuids.add(value);
  if (kind === "Macro") {
    const target = value.arguments.join(", ");
    if (value.name === "embed" && /^\[\[[^]*\]\]$/.test(target)) pages.add(unbracketed(target));
    if (value.name === "embed" && /^\(\([^]*\)\)$/.test(target) && UUID.test(target.slice(2, -2)))
      uuids.add(target.slice(2, -2));
    return;
  }
  for (const child of node) collect(child, pages, uuids);
}

// Logseq's tree: an outdent that matches no ancestor takes the place of the shallowest deeper one.
function addTree(blocks) {
  let ancestors = [];
  blocks.forEach((block, index) => {
    const deeper = ancestors.findIndex((ancestor) => ancestor.level >= block.level);
    const level = deeper < 0 ? block.level : ancestors[deeper].level;
    if (deeper >= 0) ancestors = ancestors.slice(0, deeper);
    block.parent = ancestors.length ? ancestors.at(-1).index : null;
    block.depth = ancestors.length + 1;
    ancestors.push({ level, index });
  });
}

// After an opening without an end, or a last backslash, the parser remembers it even in the next text; this clears it.
const FORGET = "---\na: b\n---\n``a`` [[a]] [a](<a> \"a\") [a](a) {{a \"a\"}} \\(a\\) \\[a\\]\n\n$$a$$\n";

function view(text) {
  Mldoc.parseJson(FORGET, SETTINGS);
  const tree = JSON.parse(Mldoc.parseJson(text, SETTINGS));
  const bytes = Buffer.from(text, "utf8");
  let line = 0;
  let position = 0;
  const lineAt = (target) => {
    for (; position < target; position++) if (bytes[position] === 10) line++;
    return line;
  };
  const page = { properties: [], ignored: [], blocks: [], fences: [] };
  let owner = { ...page, drawers: 0, pages: new Set(), uuids: new Set() };
  const owners = [owner];
  for (const [node, place] of tree) {
    const [kind, value] = node;
    if (kind === "Heading") {
      owner = {
        line: lineAt(place.start_pos),
        level: value.unordered ? value.level : 1,
        bullet: value.unordered,
        heading: value.size ?? null,
        marker: value.marker ?? null,
        priority: value.priority ?? null,
        properties: [],
        ignored: [],
        drawers: 0,
        pages: new Set(),
        uuids: new Set(),
      };
      owners.push(owner);
      page.blocks.push(owner);
    }
    if (kind === "Property_Drawer") (owner.drawers++ ? owner.ignored : owner.properties).push(...stated(node));
    if (kind === "Src") page.fences.push([value.language ?? null, owners.length - 2]);
    collect(node, owner.pages, owner.uuids);
  }
  addTree(page.blocks);
  page.pages = sorted(new Set(owners.flatMap((one) => [...one.pages])));
  page.uuids = sorted(new Set(owners.flatMap((one) => [...one.uuids])));
  for (const one of owners) {
    one.pages = sorted(one.pages);
    one.uuids = sorted(one.uuids);
    delete one.drawers;
  }
  return page;
}

// The parser prints to the console where it is puzzled; the answer is all that may stand on our output.
console.log = () => {};
const answers = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  try {
    return view(text);
  } catch {
    return null;
  }
});
process.stdout.write(JSON.stringify(answers));
