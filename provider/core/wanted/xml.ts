/** XML as data, as far as a definition of libvirt's has it: no document type, no entities of its own. */
import { parseXml, XmlDocumentType, XmlElement, XmlError } from "@rgrove/parse-xml";

/** The element that the text is; undefined where it is not one whole element. */
export function readXml(source: string): XmlElement | undefined {
  try {
    const { root, children } = parseXml(source, { includeOffsets: true, preserveDocumentType: true });
    return root === null || children.some((one) => one instanceof XmlDocumentType) ? undefined : root;
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

const elementsIn = ({ children }: XmlElement): XmlElement[] =>
  children.filter((child): child is XmlElement => child instanceof XmlElement);

export const childrenOf = (element: XmlElement | undefined, name: string): XmlElement[] =>
  element === undefined ? [] : elementsIn(element).filter((child) => child.name === name);

export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  childrenOf(element, name)[0];

/** The element itself and all below it. */
export const everyElement = (element: XmlElement): XmlElement[] => [
  element,
  ...elementsIn(element).flatMap(everyElement),
];
