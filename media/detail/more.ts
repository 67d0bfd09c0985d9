import type { Topic } from "../../server/protocol.ts";
import { t } from "../../server/text/l10n.ts";
import type { Store } from "../store.ts";
import { create } from "../ui/dom.ts";

/** The way to what the documentation says of a number. */
export function moreLink(store: Store, topic: Topic, label = t("More in the documentation")): HTMLElement {
  return create(
    "button",
    {
      class: "link more",
      testid: "more",
      attributes: { type: "button" },
      onClick: () => {
        store.host.send({ type: "explain", topic });
      },
    },
    label,
  );
}
