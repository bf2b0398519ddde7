import process from "node:process";

/** What every copy of the tests answers. */
export async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case "/block": {
      const end = performance.now() + Number(searchParams.get("ms"));
      await new Promise((resolve) => setTimeout(resolve, 5));
      while (performance.now() < end);
      return new Response("blocked");
    }
    case "/pid":
      return new Response(String(process.pid));
    default:
      return new Response("hello");
  }
}
