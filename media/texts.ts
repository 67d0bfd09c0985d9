/** Loads the texts of the page's language, before anything else is shown. */
import { loadTexts, type Texts } from "../server/text/l10n.ts";
import { textsId } from "./html.ts";

const json = document.getElementById(textsId)?.textContent ?? "";
loadTexts({ language: document.documentElement.lang, texts: json === "" ? undefined : (JSON.parse(json) as Texts) });
