//! The sample dealers of the demo world, whose main dealer is the simulator.

use super::DealersService;
use crate::simulators::dgi::keys;
use domain::{
    AppError,
    access::{Permission, Principal},
    dealers::SetKeys,
};
use engine::demo::Chance;
use serde_json::json;
use store::{
    audit::Act,
    dealers::{self as rows, DemoDealer, Scope},
};
use uuid::uuid;

const SAMPLE: DemoDealer<'_> =
    DemoDealer { id: uuid!("e3a18c82-c500-450f-b6e1-5c5fbe68bf41"), dealer_id: "12284", dealer_name: "Sample Dealer" };
const OTHERS: [(&str, &str); 9] = [
    ("12301", "Sample Dealer Bandung"),
    ("12302", "Sample Dealer Bogor"),
    ("12303", "Sample Dealer Cirebon"),
    ("12304", "Sample Dealer Depok"),
    ("12305", "Sample Dealer Malang"),
    ("12306", "Sample Dealer Medan"),
    ("12307", "Sample Dealer Semarang"),
    ("12308", "Sample Dealer Solo"),
    ("12309", "Sample Dealer Surabaya"),
];

impl DealersService {
    /// Dealers that are there already stay as they are.
    pub(super) async fn write_sample(&self, who: &Principal, more: bool) -> Result<u32, AppError> {
        who.require(Permission::SystemDemo)?;
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        rows::enter(&mut tx, &Scope::All).await?;
        let main_dealer = rows::demo_main_dealer(&mut tx, self.backend.clock.new_id(), now).await?;
        let mut chance = Chance::new(42, 0x6465_616c);
        let mut other = |(dealer_id, dealer_name)| DemoDealer { id: chance.id(now), dealer_id, dealer_name };
        let others: Vec<DemoDealer<'_>> = OTHERS.into_iter().filter(|_| more).map(&mut other).collect();
        let mut written = 0;
        for dealer in std::iter::once(SAMPLE).chain(others) {
            if !rows::demo_dealer(&mut tx, dealer, main_dealer, now).await? {
                continue;
            }
            written += 1;
            let (api_key, secret_key) = keys(dealer.dealer_id);
            let command = SetKeys { api_key: Some(api_key), secret_key: Some(secret_key), ..SetKeys::default() };
            let row = rows::get(&mut tx, dealer.dealer_id).await?.ok_or_else(AppError::internal)?;
            self.seal_keys(&mut tx, who, &row, &command).await?;
        }
        if written > 0 {
            let act = Act::done("dealers.seed", "demo", "").after(json!({ "dealers": written }));
            self.told(&mut tx, who, act).await?;
        }
        store::commit(tx).await?;
        Ok(written)
    }
}
