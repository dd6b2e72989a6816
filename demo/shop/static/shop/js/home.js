/* The front page: shapes to begin with. */
import { address, config, make } from "./config.js";

const SHOWN = {
  round: "frame.round.full.acetate.keyhole.tortoise.48-46-21-136.clear-0",
  panto: "frame.panto.full.acetate.keyhole.champagne.49-43-21-138.clear-0",
  square: "frame.square.full.acetate.saddle.black.52-43-18-140.clear-0",
  rectangle: "frame.rectangle.half.metal.pads.slate.54-32-17-140.clear-0",
  "cat-eye": "frame.cat_eye.full.acetate.saddle.burgundy.53-39-17-140.clear-0",
  aviator: "frame.aviator.full.metal.pads.gold.57-49-15-139.clear-0",
};

/** Show the shapes. */
export async function openHome() {
  const row = document.querySelector(".shape-row");
  row.replaceChildren(...Object.entries(SHOWN).map(([shape, picture]) => make("a", { class: "shape", href: `${address("c/frames")}?shape=${shape}` },
    make("img", { src: `/shop/img/${picture}.svg`, alt: "", width: 640, height: 400 }), config.shapes[shape])));
}
