// What scripts/look.sh starts: node look.mjs HOME OUT PAGE.html..., packages in HOME/node_modules.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [home, out, ...pages] = process.argv.slice(2);
const need = createRequire(join(resolve(home), "look.js"));
const load = async (name) => (await import(pathToFileURL(need.resolve(name)))).default;
const puppeteer = await load("puppeteer-core");
const axe = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [1440, 390];
const SCHEMES = ["light", "dark"];
const PAINTS = 5;
const IMPACTS = ["critical", "serious", "moderate", "minor"];
const TALLEST = 8000; // pixels of one screenshot
const PATIENCE = 600000; // milliseconds for one page: axe-core looks at every cell
const LEFT_OUT = /single-process|no-zygote|headless|web-security|insecure-content/;

async function start() {
  const waits = { protocolTimeout: PATIENCE };
  if (process.env.CHROME) {
    const args = ["--no-sandbox", "--hide-scrollbars"];
    return puppeteer.launch({ executablePath: process.env.CHROME, headless: true, args, ...waits });
  }
  process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs20.x"; // else it does not unpack its libraries
  const chromium = await load("@sparticuz/chromium");
  const args = chromium.args.filter((arg) => !LEFT_OUT.test(arg));
  const executablePath = await chromium.executablePath();
  return puppeteer.launch({ executablePath, headless: "shell", args, ...waits });
}

async function opened(browser, address, width, scheme) {
  const page = await browser.newPage();
  const asked = [];
  page.on("request", (one) => /^(file|data):/.test(one.url()) || asked.push(one.url()));
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 900 });
  await page.goto(address, { waitUntil: "load", timeout: PATIENCE });
  return { page, asked };
}

async function paint(browser, address) {
  const { page } = await opened(browser, address, WIDTHS[0], SCHEMES[0]);
  const found = await page.evaluate(async () => {
    const told = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
    while (told() === undefined) await new Promise((done) => setTimeout(done, 50));
    return told();
  });
  await page.close();
  return Math.round(found);
}

async function shot(page, path) {
  const [width, all] = await page.evaluate(() => {
    const whole = document.documentElement;
    return [whole.clientWidth, whole.scrollHeight];
  });
  const clip = { x: 0, y: 0, width, height: Math.min(all, TALLEST) };
  await page.screenshot({ path, clip, captureBeyondViewport: true });
}

async function judged(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, impact, help, nodes }) => {
    const places = nodes.slice(0, 3).map((node) => ({
      at: node.target.join(" "), html: node.html.slice(0, 200), why: node.failureSummary,
    }));
    return { id, impact, help, count: nodes.length, places };
  });
}

async function look(browser, address, width, scheme, name) {
  const { page, asked } = await opened(browser, address, width, scheme);
  await shot(page, join(out, `${name}-${width}-${scheme}.png`));
  const over = await page.evaluate(() => {
    document.querySelectorAll("details").forEach((fold) => (fold.open = true));
    return document.documentElement.scrollWidth - document.documentElement.clientWidth;
  });
  await shot(page, join(out, `${name}-${width}-${scheme}-open.png`));
  const violations = await judged(page);
  await page.close();
  const counts = IMPACTS.map((impact) => {
    const found = violations.filter((one) => one.impact === impact);
    return `${found.length} ${impact}`;
  });
  const told = `${over} px too wide; ${asked.length} requests`;
  console.log(`  ${width} px, ${scheme}: ${counts.join(", ")}; ${told}`);
  for (const { impact, id, count, help, places } of violations) {
    console.log(`    ${impact}: ${id}, ${count} places: ${help} (${places[0].at})`);
  }
  return { width, scheme, over, asked, violations };
}

const grave = ({ impact }) => impact === "critical" || impact === "serious";
const bad = ({ over, asked, violations }) => over > 0 || asked.length > 0 || violations.some(grave);
const browser = await start();
const report = {};
mkdirSync(out, { recursive: true });
for (const given of pages) {
  const address = pathToFileURL(resolve(given)).href;
  const name = `${basename(dirname(resolve(given)))}-${basename(given, ".html")}`;
  const paints = [];
  for (let i = 0; i < PAINTS; i++) paints.push(await paint(browser, address));
  const median = [...paints].sort((a, b) => a - b)[PAINTS >> 1];
  console.log(`${given}: first contentful paint ${median} ms, of ${paints.join(", ")}`);
  const looks = [];
  for (const width of WIDTHS) {
    for (const scheme of SCHEMES) looks.push(await look(browser, address, width, scheme, name));
  }
  report[given] = { median, paints, looks };
}
writeFileSync(join(out, "look.json"), JSON.stringify(report, null, 1));
await browser.close();
process.exitCode = Object.values(report).some(({ looks }) => looks.some(bad)) ? 1 : 0;
