/* Start of every page. */
import { config } from "./config.js";
import { onChange } from "./shopper.js";
import { fillRails } from "./rails.js";
import { openShell } from "./shell.js";
import { openBasket } from "./basket.js";
import { openHome } from "./home.js";
import { openListing } from "./listing.js";
import { openProduct } from "./product.js";

const PAGES = { home: openHome, product: openProduct, listing: openListing, basket: openBasket };

async function open() {
  await PAGES[config.page]();
  await fillRails();
}

if (config.key) {
  openShell();
  onChange(open);
  addEventListener("pageshow", (event) => { if (event.persisted) fillRails(); }); // back: what was viewed since counts
  open();
}
