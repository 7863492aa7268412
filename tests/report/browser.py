"""Drives Chromium over the W3C WebDriver protocol, with the standard library only."""
import base64
import json
import subprocess
import time
import urllib.error
import urllib.request

# Chart.js resizes a canvas after its parent.
FITS = """return innerWidth === arguments[0] && innerHeight === arguments[1] && [...document.querySelectorAll('canvas')]
    .every((canvas) => canvas.clientWidth <= canvas.parentElement.clientWidth);"""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class BrowserError(Exception):
    pass


class Browser:
    def __init__(self, profile):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       text=True)
        self.address = None
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                self.address = f"http://127.0.0.1:{line.rstrip().rstrip('.').split()[-1]}"
                break
        if self.address is None:
            raise BrowserError("chromedriver did not start")
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
                     f"--user-data-dir={profile}"]
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments, "perfLoggingPrefs": {"enableNetwork": True}},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = f"/session/{answer['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._ask("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()

    def _ask(self, method, path, body=None):
        data = None if method == "GET" or method == "DELETE" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with self.opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(json.load(error)["value"]["message"]) from None

    def post(self, path, body=None):
        return self._ask("POST", self.session + path, body)

    def open(self, address):
        self.post("/url", {"url": address})

    def run(self, script, *arguments):
        """The value of the script's `return`."""
        return self.post("/execute/sync", {"script": script, "args": list(arguments)})

    def size(self, width, height):
        """Sets the size of the page, not of the window, and waits until its charts have followed."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        deadline = time.monotonic() + 10
        while not self.run(FITS, width, height):
            if time.monotonic() > deadline:
                raise BrowserError(f"the page did not follow to {width} x {height} pixels")
            time.sleep(0.01)

    def command(self, name, **parameters):
        return self.post("/goog/cdp/execute", {"cmd": name, "params": parameters})

    def colours(self, scheme):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def find(self, selector):
        return self.post("/element", {"using": "css selector", "value": selector})

    def click(self, selector):
        self.post(f"/element/{self.find(selector)[ELEMENT]}/click")

    def type(self, selector, text):
        self.post(f"/element/{self.find(selector)[ELEMENT]}/value", {"text": text})

    def keys(self, *keys):
        """Presses and releases keys in the element that has the focus."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.post("/actions", {"actions": [{"type": "key", "id": "keys", "actions": steps}]})

    def pointer(self, *steps):
        self.post("/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
                                            "actions": list(steps)}]})

    def screenshot(self, file):
        file.write_bytes(base64.b64decode(self._ask("GET", self.session + "/screenshot")))

    def print_page(self, file):
        file.write_bytes(base64.b64decode(self.post("/print", {"background": True})))

    def log(self, kind):
        """The entries since the last call."""
        return self.post("/se/log", {"type": kind})


def move(x, y):
    return {"type": "pointerMove", "duration": 0, "x": int(x), "y": int(y)}


DOWN = {"type": "pointerDown", "button": 0}
UP = {"type": "pointerUp", "button": 0}
TAB, ENTER, RIGHT, LEFT, ESCAPE = "\ue004", "\ue007", "\ue014", "\ue012", "\ue00c"
SELECT_ALL = "\ue009a\ue000"  # Control and a
