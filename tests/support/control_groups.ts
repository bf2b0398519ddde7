/** Reads files of a machine that is made of these; throws for every other, as the kernel does. */
export function systemFiles(files: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };
}

/** The files of a pod of Kubernetes with control groups of version 2, seen from inside. */
export const cgroup2Files: Readonly<Record<string, string>> = {
  "/proc/self/cgroup": "0::/\n",
  "/proc/self/mountinfo":
    "543 530 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot\n",
  "/sys/fs/cgroup/cpu.max": "50000 100000\n",
  "/sys/fs/cgroup/cpu.stat":
    "usage_usec 8137000\nuser_usec 6000000\nsystem_usec 2137000\nnr_periods 400\nnr_throttled 30\nthrottled_usec 2500000\n",
  "/sys/fs/cgroup/memory.max": "268435456\n",
  "/sys/fs/cgroup/memory.current": "100000000\n",
  "/sys/fs/cgroup/memory.stat": "anon 60000000\nfile 40000000\ninactive_anon 1\ninactive_file 30000000\n",
  "/sys/fs/cgroup/memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n",
  "/sys/fs/cgroup/cpu.pressure":
    "some avg10=1.00 avg60=0.50 avg300=0.10 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n",
  "/sys/fs/cgroup/memory.pressure":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=20000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=10000\n",
};

/** Reads {@linkcode cgroup2Files}. */
export const cgroup2: (path: string) => string = systemFiles(cgroup2Files);
