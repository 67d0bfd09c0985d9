/** The webview of the custom editor: puts the parts together. */
import { t } from "../server/text/l10n.ts";
import "./texts.ts";
import { DetailPane } from "./detail/detail.ts";
import { reportFocus } from "./focus.ts";
import { Header } from "./header.ts";
import { Host } from "./host.ts";
import { splitter } from "./splitter.ts";
import { Store } from "./store.ts";
import { SearchBox } from "./tree/search-box.ts";
import { Tree } from "./tree/tree.ts";
import { create } from "./ui/dom.ts";

const host = new Host();
const store = new Store(host);
const header = new Header(store);
const tree = new Tree(store);
const search = new SearchBox(store, tree);
const detail = new DetailPane(store);

const panes = create("div", { class: "panes" });
panes.append(
  create("aside", { class: "side", attributes: { "aria-label": t("Contents") } }, search.element, tree.element),
  splitter(store, panes),
  detail.element,
);
document.getElementById("editor")?.replaceChildren(header.element, panes);
tree.mount();
reportFocus(store, tree);

tree.element.addEventListener("activate", () => {
  detail.focus();
});
window.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "f") {
    search.focus();
    event.preventDefault();
  } else if (event.key === "Escape") {
    if (store.state.search !== "") store.search("", store.state.expression);
    else if (detail.element.contains(document.activeElement)) tree.focus();
  }
});

host.send({ type: "ready" });
