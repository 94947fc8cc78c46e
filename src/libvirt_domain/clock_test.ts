import { configureClock } from "./clock.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureClock", configureClock, [
  ["leaves the clock alone without a word", {}, []],
  ["sets timezone and timers", {
    domain: {
      clock: {
        timezone: "Europe/Berlin",
        timer: { hpet: { present: false }, rtc: { tickPolicy: "catchup" }, kvm: {} },
      },
    },
  }, [
    '<clock offset="timezone" timezone="Europe/Berlin"><timer name="rtc" present="yes" tickpolicy="catchup"/>' +
    '<timer name="kvmclock" present="yes"/><timer name="hpet" present="no"/></clock>',
  ]],
  ["forgets what the guest wrote", { domain: { clock: { utc: {} } } }, [
    '<clock offset="utc" adjustment="reset"/>',
  ]],
  ["is off by seconds", { domain: { clock: { utc: { offsetSeconds: -60 } } } }, [
    '<clock offset="variable" basis="utc" adjustment="-60"/>',
  ]],
]);
