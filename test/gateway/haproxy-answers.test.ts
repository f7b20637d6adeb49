import { expect, it } from 'vitest';
import { parseProcesses, parseServerStates } from '../../gateway/haproxy-answers.js';

it('reads the processes that the master tells of', () => {
  const text = `#<PID>          <type>          <reloads>       <uptime>        <version>
1               master          5 [failed: 2]   0d00h02m07s     2.6.12-1+deb12u4
# workers
1271            worker          1               0d00h00m00s     2.6.12-1+deb12u4
# old workers
1233            worker          3               0d00h00m43s     2.6.12-1+deb12u4
1200            worker          4               0d00h01m43s     2.6.12-1+deb12u4
# programs
1244            large           0               0d00h00m00s     -

`;
  expect(parseProcesses(text)).toEqual({ reloads: 5, failed: 2, current: 1271, old: [1233, 1200] });
  const starting = text.replace(/^1271.*\n/m, '').replace(/# old workers\n.*\n.*\n/m, '');
  expect(parseProcesses(starting)).toEqual({ reloads: 5, failed: 2, old: [] });
  for (const none of ['', '\n', 'Unknown command']) expect(parseProcesses(none)).toBeUndefined();
});

it('reads the servers by the names of the columns', () => {
  const csv = `# pxname,svname,qcur,qmax,scur,smax,status,check_status,
pool-0,p-main-0,2,9,3,4,UP,L7OK,
pool-0,BACKEND,2,9,3,4,UP,,

`;
  expect(parseServerStates(csv, 8, true)).toEqual([
    { pid: 8, old: true, pool: 'pool-0', server: 'p-main-0', status: 'UP', sessions: 3, queued: 2, check: 'L7OK' },
    { pid: 8, old: true, pool: 'pool-0', server: 'BACKEND', status: 'UP', sessions: 3, queued: 2, check: '' },
  ]);
});
