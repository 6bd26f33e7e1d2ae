// How somebody acts on a page: with a pointer, or by keyboard alone. Both wait for what they act on.

/** Tabs after which something on a page counts as out of reach. */
const TABS = 150;

/** With a pointer. A box is ticked by its label, which lies over it. */
export function byPointer(tab) {
  return {
    press: (target) => target.click(),
    type: (field, text) => field.fill(text),
    tick: async (box) => {
      if (await box.isChecked()) return;
      await tab.locator(`label[for="${await box.getAttribute("id")}"]`).click();
      if (!(await box.isChecked())) throw new Error(`${box} is not ticked by its label`);
    },
  };
}

/** With Tab, Enter and Space; wherever the focus is on the way there, it can be seen. */
export function byKeyboard(tab) {
  const reach = async (target) => {
    await target.waitFor();
    for (let tabs = 0; tabs < TABS; tabs += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await tab.keyboard.press("Tab");
      const hidden = await hiddenFocus(tab);
      if (hidden) throw new Error(`the focus cannot be seen on ${hidden} (${tab.url()})`);
    }
    throw new Error(`${target} is not reached by ${TABS} tabs (${tab.url()})`);
  };
  return {
    press: async (target) => {
      await reach(target);
      await tab.keyboard.press("Enter");
    },
    type: async (field, text) => {
      await reach(field);
      await tab.keyboard.type(text);
    },
    tick: async (box) => {
      if (await box.isChecked()) return;
      await reach(box);
      await tab.keyboard.press("Space");
    },
  };
}

/** What has the focus without showing it, where that is so. A card shows the focus of the link that it is. */
function hiddenFocus(tab) {
  return tab.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return undefined;
    const outlined = (style) => style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0;
    const bearers = [element, element.parentElement, element.closest("li, article, section")].filter(Boolean);
    const styles = [...bearers.map((bearer) => getComputedStyle(bearer)), getComputedStyle(element, "::after")];
    const shows = styles.some(outlined) || getComputedStyle(element).boxShadow !== "none";
    const box = element.getBoundingClientRect();
    const inSight = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
    return inSight && shows ? undefined : element.outerHTML.slice(0, 120);
  });
}
