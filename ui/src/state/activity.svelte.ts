/** How many questions are on their way: the thin line at the top of the page moves while there is one. */
class Activity {
  running = $state(0);
}

export const activity = new Activity();
