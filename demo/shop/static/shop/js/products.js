/* Products as the catalogue keeps them, over GraphQL, and what pages need of them. */
import { config } from "./config.js";
import { ask } from "./graphql.js";

const SHORT = `itemId itemType name brand attributes url imageUrls
  variants { sku name attributes imageUrls prices { amount currency compareAt storeId } }`;
const LONG = `itemId itemType name description brand categoryIds attributes url imageUrls stockManaged
  variants { sku name attributes imageUrls prices { amount currency compareAt storeId } stock { storeId onHand reserved } }`;
const ONE = `query Product($id: String!, $locale: String) { item(itemId: $id, locale: $locale) { ${LONG} } }`;
const PAGE = `query Listing($category: String, $after: String, $first: Int, $locale: String) {
  items(categoryId: $category, after: $after, first: $first, locale: $locale) {
    edges { node { ${SHORT} } } pageInfo { hasNextPage endCursor }
  }
}`;

/** Return a product with everything, or null where there is none. */
export async function findProduct(id) {
  return (await ask(ONE, { id, locale: config.locale })).item;
}

/** Return a page of a category: {products, next}, next being null at the end. */
export async function listProducts(category, { after = null, first = 60 } = {}) {
  const { items } = await ask(PAGE, { category, after, first, locale: config.locale });
  return {
    products: items.edges.map((edge) => edge.node),
    next: items.pageInfo.hasNextPage ? items.pageInfo.endCursor : null,
  };
}

/** Return the price of a variant everywhere: {amount, currency, compareAt}. */
export function priceOf(variant) {
  return variant.prices.find((price) => !price.storeId) ?? variant.prices[0] ?? { amount: "0", currency: config.currency, compareAt: null };
}

/** Return a product of the catalogue as what a card shows. */
export function asCard(product) {
  const price = priceOf(product.variants[0]);
  return {
    url: product.url, image: product.imageUrls[0], brand: product.brand, name: product.name,
    price: price.amount, currency: price.currency, compareAt: price.compareAt,
    swatches: product.variants.map((variant) => variant.attributes.extra?.swatch ?? variant.attributes.swatch).filter(Boolean),
  };
}

/** Return how many pieces can be had: at the store, or online without one. */
export function piecesAt(variant, storeId) {
  const here = variant.stock.find((stock) => (stock.storeId ?? null) === (storeId ?? null));
  return here ? here.onHand - here.reserved : 0;
}
