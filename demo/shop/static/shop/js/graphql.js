/* One door to ask: GraphQL with the publishable key. */
import { config } from "./config.js";

/** Return the data of the answer; throws an Error with the first message of a refusal. */
export async function ask(query, variables) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${config.key}` },
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.json();
  if (answer.errors?.length) throw Object.assign(new Error(answer.errors[0].message), { code: answer.errors[0].extensions?.code });
  if (!response.ok) throw new Error(answer.title ?? `HTTP ${response.status}`);
  return answer.data;
}
