/** Elements without markup: text from files only ever becomes a text node or an attribute, never HTML. */

export type Child = Node | string;

export interface Properties {
  readonly class?: string;
  /** Stable hook for tests. */
  readonly testid?: string;
  readonly title?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly onClick?: (event: MouseEvent) => void;
}

function apply(element: HTMLElement | SVGElement, properties: Properties): void {
  if (properties.class !== undefined) element.setAttribute("class", properties.class);
  if (properties.testid !== undefined) element.dataset["testid"] = properties.testid;
  if (properties.title !== undefined) element.setAttribute("title", properties.title);
  for (const [name, value] of Object.entries(properties.attributes ?? {})) element.setAttribute(name, value);
}

/** An HTML element with its attributes and children. */
export function create<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  apply(element, properties);
  if (properties.onClick !== undefined) {
    element.addEventListener("click", properties.onClick as EventListener);
  }
  element.append(...children);
  return element;
}

/** An SVG element; decorative ones are hidden from assistive technology by their caller. */
export function createSvg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  apply(element, { attributes });
  element.append(...children);
  return element;
}

/** A push button. */
export function button(
  label: string,
  onClick: () => void,
  properties: Properties & { readonly secondary?: boolean } = {},
): HTMLButtonElement {
  const style = properties.secondary === true ? "button secondary" : "button";
  return create(
    "button",
    {
      ...properties,
      class: `${style} ${properties.class ?? ""}`.trimEnd(),
      attributes: { type: "button", ...properties.attributes },
      onClick,
    },
    label,
  );
}

let ids = 0;
/** An id no other element has. */
export function uniqueId(prefix: string): string {
  ids += 1;
  return `${prefix}-${ids}`;
}
