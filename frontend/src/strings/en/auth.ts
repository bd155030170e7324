// Logging in, signing up, the account.

export const auth = {
  loginTitle: 'Log in',
  loginLead: 'Your deals are where you left them.',
  registerTitle: 'Create your account',
  registerLead: 'One account, one side of the table.',
  email: 'E-mail',
  password: 'Password',
  passwordHint: 'At least 10 characters.',
  name: 'Name',
  nameHint: 'As the other side will see it.',
  role: 'I am',
  roleSponsor: 'A sponsor',
  roleSponsorHint: 'I run campaigns and invite influencers.',
  roleInfluencer: 'An influencer',
  roleInfluencerHint: 'I make content and apply to campaigns.',
  category: 'Category',
  categoryHint: 'food, beauty, outdoor…',
  niche: 'Niche',
  reach: 'Followers',
  reachHint: 'Over all your channels.',
  login: 'Log in',
  register: 'Create account',
  toRegister: 'No account yet?',
  toLogin: 'Have an account?',
  ended: 'Your session has ended. Log in to go on where you were.',
  wrong: 'No account has this e-mail and password.',
  taken: 'An account with this e-mail exists. Log in instead.',
  sponsorWaits: 'An admin looks at new sponsors. Until then you can look around and prepare campaigns.',
  needEmail: 'Enter your e-mail address.',
  needPassword: 'Enter at least 10 characters.',
  needAnyPassword: 'Enter your password.',
  needName: 'Enter a name.',
  pitch: [
    {
      title: 'Every term, structured',
      text: 'Fee, deliverables, rights and payment in one offer. A counter shows what changed.',
    },
    { title: 'Only one offer stands', text: 'Nobody can accept what is no longer on the table.' },
    {
      title: 'Live, and never lost',
      text: 'What was acknowledged is on disk, and a broken line resumes where it was.',
    },
  ],
}

export const account = {
  refused: (reason: string) => `An admin did not approve your account. The reason: ${reason}`,
  waiting:
    'Your account waits for approval. Look around and prepare private campaigns; publishing, inviting and offers open once an admin has approved it.',
  approved: 'Your account is approved. You can publish, invite and make offers now.',
  notYet: 'Opens once an admin has approved your account.',
}
