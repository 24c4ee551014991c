// Looks again and again at what the stream does not tell.

/**
 * poll(look, every) → function that ends it. `look()`, which may be async, is called `every` ms
 * after the end of the call before, and not while the page is hidden. A failure is no message: the
 * next look comes soon, and the header shows that there is no link. The first look is the caller's.
 */
export function poll(look, every) {
  let ended = false;
  let timer = setTimeout(again, every);

  async function again() {
    try {
      if (!document.hidden) await look();
    } catch (error) {
      // An Error of the page itself is a mistake in it.
      if (!error.expected && error.name !== "AbortError") console.error(error);
    }
    if (!ended) timer = setTimeout(again, every);
  }

  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
