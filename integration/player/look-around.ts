import { runProgram } from '../kit/run-program.ts';

/** A question of an idle machine is answered in a second, also where every program is emulated. */
const QUESTION_TIMEOUT_MS = 20_000;

/** Beyond this, lines of programs' arguments tell nothing more. */
const LONGEST_LINE = 220;

/** What tells why a program does not come to its end, and how it is asked. */
const QUESTIONS: readonly (readonly [what: string, script: string])[] = [
  [
    'threads, but for those of the kernel that sleep (a thread that is R on an idle machine waits for its CPU)',
    `ps -eLo pid,tid,ppid,psr,stat,etimes,wchan:24,args --sort pid | awk '!($5 ~ /^[IS]/ && $8 ~ /^\\[/)'`,
  ],
  ['CPUs on which a program that sleeps a moment does not end within 5 s', startsOnEachCpu()],
  ['locks of files', 'cat /proc/locks; ls -lai /run/pinfold /var/tmp/one-pinfold 2>/dev/null'],
  [
    'what libvirtd and virsh wait for (system call and kernel stack of each thread)',
    stacksOf('libvirtd virsh'),
  ],
  ['what libvirt answers', 'timeout 10 virsh --connect qemu:///system list --all; echo "exit code $?"'],
  ['the end of the journal', 'journalctl --boot --lines 40 --no-pager --output short-monotonic'],
  ["the kernel's last words", 'dmesg | tail -n 20'],
];

/**
 * Says what goes on on this machine while `what` (with its limit) still runs, which gave no answer in time, so that its failure
 * explains itself.
 */
export async function lookAround(what: string, print: (line: string) => void): Promise<void> {
  print(`    no answer in time: ${what}. What the machine shows now:`);
  for (const [question, script] of QUESTIONS) {
    const { stdout, stderr } = await runProgram(['sh', '-c', script], { timeoutMs: QUESTION_TIMEOUT_MS });
    print(`    -- ${question}`);
    for (const line of `${stdout}${stderr}`.trimEnd().split('\n'))
      print(`       ${line.slice(0, LONGEST_LINE)}`);
  }
  print('    -- end of what the machine shows');
}

/** A thread bound to a CPU without interrupts does not run, or not wake up; all are asked at once. */
function startsOnEachCpu(): string {
  return [
    'for folder in /sys/devices/system/cpu/cpu[0-9]*; do',
    '  cpu=${folder##*/cpu}',
    '  (timeout --signal=KILL 5 taskset -c "$cpu" sleep 0.01; code=$?; [ "$code" = 0 ] || echo "CPU $cpu: exit code $code") &',
    'done; wait',
  ].join('\n');
}

function stacksOf(programs: string): string {
  return [
    `for program in ${programs}; do for pid in $(pgrep -x "$program"); do for task in /proc/$pid/task/*; do`,
    '  echo "$pid ${task##*/} $(cat $task/comm): system call $(cut -d" " -f1-4 $task/syscall), $(sed "s/.*\\] //; s/+.*//" $task/stack | tr "\\n" " ")"',
    'done; done; done',
  ].join('\n');
}
