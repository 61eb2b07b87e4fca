import { whyNoRoot, type NoRootShell } from "../../../provider/core/ssh/no-root-shell";

const admin: NoRootShell = { user: "admin", sudo: true, uid: null, exit: 1, said: "" };

/** What sudo 1.9.13 (Debian 12), sudo 1.8 and sudo-rs 0.2 say in the C locale. */
test.each<[string, number, string, RegExp, RegExp]>([
  ["sudo asks", 1, "sudo: a password is required", /may not become root without a password/, /NOPASSWD/],
  ["sudo 1.8 asks", 1, "sudo: a terminal is required to read the password", /without a password/, /NOPASSWD/],
  ["sudo-rs asks", 1, "sudo-rs: interactive authentication is required", /without a password/, /NOPASSWD/],
  ["there is no sudo", 127, "env: 'sudo': No such file or directory", /there is no sudo/, /install sudo/],
  ["there is no sudo, by bash", 127, "bash: line 1: sudo: command not found", /there is no sudo/, /install sudo/],
  ["there is no sudo, by csh", 1, "sudo: Command not found.", /there is no sudo/, /install sudo/],
  ["requiretty", 1, "sudo: sorry, you must have a tty to run sudo", /wants a terminal/, /Defaults:admin !requiretty/],
  ["not in sudoers", 1, "admin is not in the sudoers file.", /may not run `sudo -n sh -s`/, /NOPASSWD/],
  [
    "another command only",
    1,
    "Sorry, user admin is not allowed to execute '/usr/bin/sh -s' as root on alpha.",
    /may not run `sudo -n sh -s`/,
    /NOPASSWD/,
  ],
  ["sudo-rs refuses", 1, "sudo-rs: I'm sorry admin. I'm afraid I can't do that", /may not run/, /NOPASSWD/],
  [
    "an expired password",
    1,
    "sudo: Account or password is expired, reset your password and try again",
    /has expired/,
    /chage -l admin/,
  ],
  [
    "a broken rule",
    1,
    "/etc/sudoers.d/x:1:9: syntax error\nsudo: error initializing audit plugin",
    /its rules/,
    /visudo -c/,
  ],
  [
    "a nosuid mount",
    1,
    "sudo: effective uid is not 0, is /usr/bin/sudo on a file system with the 'nosuid' option set?",
    /may not become root/,
    /nosuid mount/,
  ],
  ["anything else", 1, "sudo: unable to allocate a thing", /sudo started no shell/, /see what it says/],
  ["an account that is closed", 1, "This account is currently not available.", /no shell was started/, /\/etc\/passwd/],
])("%s", (_, exit, said, what, advice) => {
  const why = whyNoRoot({ ...admin, exit, said });
  expect(why.what).toMatch(what);
  expect(why.advice).toMatch(advice);
});

test("an image of a cloud that names another user than root: that one is advised", () => {
  const said = 'Please login as the user "debian" rather than the user "root".\n\n';
  const why = whyNoRoot({ user: "root", sudo: false, uid: null, exit: 142, said });
  expect(why.what).toContain("another user, debian");
  expect(why.advice).toContain("`connection.user: debian`");
});

test("a warning of sudo's before the reason does not hide it", () => {
  const said = "sudo: unable to resolve host alpha: Name or service not known\nsudo: a password is required";
  expect(whyNoRoot({ ...admin, said }).what).toContain("without a password");
});

test("a shell that is somebody else's says whose, and what may have put it there", () => {
  const why = whyNoRoot({ ...admin, uid: 1000, said: "uid=1000(admin) gid=1000(admin)\n" });
  expect(why.what).toBe("the shell that was started there is not root's: uid=1000(admin)");
  expect(why.advice).toContain("ForceCommand");
});

test("without sudo nothing is said of it", () => {
  const { what, advice } = whyNoRoot({
    user: "root",
    sudo: false,
    uid: null,
    exit: 1,
    said: "sudo: a password is required",
  });
  expect(`${what} ${advice}`).not.toContain("NOPASSWD");
});
