/** XML as data, as far as a definition of libvirt's has it: no document type, no entities of its own. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All that stands between its own tags, without its children's. */
  readonly text: string;
  /** Where the name of its first tag ends, in the text that it was read from. */
  readonly nameEnds: number;
}

interface Open {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
  nameEnds: number;
}

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w:.-]*)((?:\s+[A-Za-z_][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/** The element that the text is; undefined where it is not one whole element. */
export function readXml(source: string): XmlElement | undefined {
  const top: Open = { name: "", attributes: {}, children: [], text: "", nameEnds: 0 };
  const open: Open[] = [top];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null) return undefined;
    const [, data, closing, name, attributes = "", empty, text] = match;
    const within = open.at(-1) ?? top;
    if (data !== undefined) within.text += data;
    else if (text !== undefined) within.text += plain(text);
    else if (name === undefined) continue;
    else if (closing === "/") {
      if (open.length < 2 || within.name !== name) return undefined;
      open.pop();
    } else {
      const element: Open = {
        name,
        attributes: attributesIn(attributes),
        children: [],
        text: "",
        nameEnds: at + 1 + name.length,
      };
      within.children.push(element);
      if (empty !== "/") open.push(element);
    }
  }
  const [element, ...more] = top.children;
  return open.length === 1 && more.length === 0 && top.text.trim() === "" ? element : undefined;
}

function attributesIn(text: string): Record<string, string> {
  const found = text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g);
  return Object.fromEntries([...found].map(([, name = "", one, other]) => [name, plain(one ?? other ?? "")]));
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

const plain = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (all, decimal?: string, hex?: string, name?: string) => {
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : undefined;
    if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    return ENTITIES[name ?? ""] ?? all;
  });

export const childrenOf = (element: XmlElement | undefined, name: string): XmlElement[] =>
  element?.children.filter((child) => child.name === name) ?? [];

export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  childrenOf(element, name)[0];

/** The element itself and all below it. */
export const everyElement = (element: XmlElement): XmlElement[] => [element, ...element.children.flatMap(everyElement)];
